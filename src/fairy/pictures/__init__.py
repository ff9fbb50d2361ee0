"""Pictures as arrays and tensors. Nothing here knows of models or of videos' files."""
