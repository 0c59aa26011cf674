"""What goes wrong and when: rules and scenario packs. Knows no HTTP."""
