"""Where the music of generated pages comes from."""
