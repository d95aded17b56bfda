"""Elements to the strokes of one writer: music, letters, and the sheet they are inked on."""
