/* power.h: where the stage's store lies during the power test. */
#ifndef SCH_TEST_POWER_H
#define SCH_TEST_POWER_H

extern const char *power_directory;

#endif
