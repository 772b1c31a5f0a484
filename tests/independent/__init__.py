"""An independent reading of the case format: what a right RESULT must fulfil, found without the product's engine."""
