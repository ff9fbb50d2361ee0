"""What the servers of Fairy share: a port to listen on, and who may ask them."""
