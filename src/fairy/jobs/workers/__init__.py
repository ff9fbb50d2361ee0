"""One job on many workers: handed out here, done by each worker's part of it. Files are seen by workers, or sent."""
