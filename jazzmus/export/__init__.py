"""What people open: kern text as MusicXML, MIDI, engraved pages and an HTML page. Knows no network and no files."""
