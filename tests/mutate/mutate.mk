# Is a wrong core found? Included by the Makefile.

.PHONY: mutate
mutate: test-programs ## change the core in one place at a time and see the tests fail: N=200 drawn, SEED=1; all without N
	$(Q)/usr/bin/python3 tests/mutate/mutate.py $(B) $(if $(N),--sample $(N)) --seed $(or $(SEED),1)
