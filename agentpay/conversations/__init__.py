"""Conversations, their transcript, and the turns that write it."""
