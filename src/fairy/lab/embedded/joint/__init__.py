"""The second embedded model: an editor of FLUX.2 klein's class, trained by the first one's loop on the same world."""
