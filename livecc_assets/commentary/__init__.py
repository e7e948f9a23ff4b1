"""Live commentary: a streaming session over a Qwen2-VL checkpoint, and what is written from its words."""
