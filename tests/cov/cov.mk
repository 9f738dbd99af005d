# What the tests reach. Included by the Makefile.

# ROW=PERCENT of the table's branches, below which `make cov` fails; "broker" is all of it.
COV_MIN ?=

.PHONY: cov
cov: ## lines and branches that the tests reach, per file and folder: N=40 seeds, COV_MIN="broker=90 …", COV_FLAGS=--missing
	$(Q)rm -rf $(BUILD)/cov/obj
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=cov all test-programs
	$(Q)$(MAKE) --no-print-directory FLAVOUR=cov cov-run
	$(Q)/usr/bin/python3 tests/cov/cov.py $(BUILD)/cov $(addprefix --min ,$(COV_MIN)) $(COV_FLAGS)

# Every suite that reaches the broker and ends by itself in order; a process that is killed leaves no counts.
.PHONY: cov-run
cov-run:
	$(if $(FAULTS),$(Q)$(MAKE) --no-print-directory $(FAULTS))
	$(Q)$(RUN) $(B)/log $(call suite,$(UNIT) $(STORE_TESTS)) sim $(SIM) --count $(or $(N),40) -- \
	    scenario $(SCENARIO) tests/scenario/*.scn -- $(E2E_RUN) interop /usr/bin/python3 tests/interop/run.py -- \
	    year $(YEAR) --dossiers 400 -- power $(POWER) --rounds 4 --draws 1 -- $(FAULTS_RUN)
