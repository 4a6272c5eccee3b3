"""The desktop environment: screen capture, input injection and listening, safety stops, and the human operator."""
