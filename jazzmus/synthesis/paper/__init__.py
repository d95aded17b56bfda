"""Sheets of paper: printed or ruled staves, ink on them, and what a scanner or a camera makes of it.

Knows pixels, staves and boxes; nothing of music, of strokes or of how pages are stored.
"""

import cv2

# Loader workers are forked and each owns one core: OpenCV's own threads would fight over it, and may hang after a fork.
cv2.setNumThreads(1)
