# Power cuts: every image of the store's file that one could leave. Included by the Makefile.

POWER := $(B)/tests/power/power
POWER_WRAP := -Wl,--wrap=pwrite,--wrap=writev,--wrap=fdatasync
$(POWER): $(call obj,$(wildcard tests/power/*.c) broker/shell/store_lmdb.c) $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(POWER_WRAP) $(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(subst -llmdb,-l:liblmdb.a,$(BROKER_LIBS)))

# A little of it, as suites of tests/run.sh; the second must find images that are bad.
POWER_RUN := power $(POWER) --rounds 8 --draws 1 -- power-without-syncs $(POWER) --rounds 4 --draws 1 --without-syncs --

.PHONY: power
power: $(POWER) ## every image that a power cut could leave of the store's file: SEED=1 N=40 rounds of work
	$(Q)$(POWER) --seed $(or $(SEED),1) --rounds $(or $(N),40)
	$(Q)$(POWER) --seed $(or $(SEED),1) --rounds 5 --draws 1 --without-syncs
