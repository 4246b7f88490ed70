"""Why a word was taken as the answer: the reasons as rationales give them."""

SITE_RULE = "the place of a finding"
IMAGED_RULE = "what was imaged"
HEADING_RULE = "the heading of the caption"
SUBJECT_RULE = "what the caption's first sentence is about"
LINE_RULE = "the one place that all names of places lead to"
IMPLIED_RULE = "what this kind of picture shows"
