"""Every kind of attention as rows computed on request, and which kinds apply to a block."""
