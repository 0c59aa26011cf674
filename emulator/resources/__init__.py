"""What each kind of resource is on the wire: how it is written, named and told of; `registry` has them all."""
