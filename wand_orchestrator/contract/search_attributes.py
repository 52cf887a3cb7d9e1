"""The search attributes of a run, by which Temporal's list finds it."""

from temporalio.common import SearchAttributeKey

WAND_GRAPH = SearchAttributeKey.for_keyword("WandGraph")
WAND_GRAPH_ID = SearchAttributeKey.for_keyword("WandGraphId")
WAND_TAGS = SearchAttributeKey.for_keyword_list("WandTags")
WAND_STATUS = SearchAttributeKey.for_keyword("WandStatus")
SEARCH_ATTRIBUTES = (WAND_GRAPH, WAND_GRAPH_ID, WAND_STATUS, WAND_TAGS)
