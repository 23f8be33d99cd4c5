"""What a Modal workspace holds, and its rules. No gRPC service and no HTTP here; the messages of ``modal_proto`` serve as values."""
