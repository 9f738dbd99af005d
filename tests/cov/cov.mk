# What the tests reach. Included by the Makefile.

.PHONY: cov
cov: ## lines and branches that the tests reach, per file and folder: tests/cov/cov.py
	$(Q)rm -rf $(BUILD)/cov/obj
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=cov all test-programs
	$(Q)$(MAKE) --no-print-directory FLAVOUR=cov cov-run
	$(Q)/usr/bin/python3 tests/cov/cov.py $(BUILD)/cov

.PHONY: cov-run
cov-run:
	$(Q)$(RUN) $(B)/log $(call suite,$(UNIT) $(STORE_TESTS)) sim $(SIM) --count $(or $(N),40) -- \
	    scenario $(SCENARIO) tests/scenario/*.scn -- $(E2E_RUN) interop /usr/bin/python3 tests/interop/run.py
