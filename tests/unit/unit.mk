# What single unit tests need beside the rule of tests.mk. Included by the Makefile.

# Calls of our own objects that a test replaces, so that the n-th of them can fail.
wrapped = $(addprefix -Wl$(comma)--wrap=,$(1))

$(B)/tests/unit/test_query_faults: LDFLAGS += $(call wrapped,malloc calloc realloc sch_store_get sch_store_scan sch_store_snapshot)
$(B)/tests/unit/test_offer: LDFLAGS += $(call wrapped,sch_store_get sch_arena_take)
