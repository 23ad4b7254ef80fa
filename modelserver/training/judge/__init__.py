"""Figures of the shipped models on public sets, which nothing was ever trained on."""
