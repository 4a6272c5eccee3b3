"""Which checkpoints play: candidates, promotion, rollback and the audit log."""
