# scenario.mk: stories about referrals, told to the real turn. Included by the Makefile.

SCENARIO := $(B)/tests/scenario/scenario
SCENARIO_C := $(wildcard tests/scenario/*.c)
$(SCENARIO): $(call obj,$(SCENARIO_C)) $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(call obj,$(SCENARIO_C)) -Wl$(comma)--start-group $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO) -Wl$(comma)--end-group,$(BROKER_LIBS))

.PHONY: scenario
scenario: $(SCENARIO) ## tell the stories of tests/scenario to the real turn
	$(Q)$(SCENARIO) tests/scenario/*.scn
