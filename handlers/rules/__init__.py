"""The rules of the domain as pure functions, without I/O."""
