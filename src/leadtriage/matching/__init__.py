"""Which leads that no exact key joined are probably the same person or company."""
