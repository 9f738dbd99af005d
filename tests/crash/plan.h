/*
 * plan.h: what becomes of a referral in the crash test. The sender writes the plan's number into the letter,
 * so that a receiver gives the same answers again after a crash.
 */
#ifndef SCH_CRASH_PLAN_H
#define SCH_CRASH_PLAN_H

#define PLAN_SECTION 0                  /* bit of the section whose text is "plan N" */

enum plan {
    PLAN_SILENT,
    PLAN_ACCEPT,
    PLAN_ACCEPT_SOON,                   /* with an expected date: an announced wait */
    PLAN_ACCEPT_LATER,                  /* ... so far ahead that the wait is cut off */
    PLAN_APPOINT,
    PLAN_ACCEPT_APPOINT,
    PLAN_REFUSE,
    PLAN_NO_SHOW,
    PLAN_INTAKE,
    PLAN_INTAKE_START,
    PLAN_END,
    PLAN_END_LETTER,
    PLAN_SYSTEM_REFUSES,
    PLAN_WITHDRAWN,                     /* by its sender, at once */
    PLAN_APPOINT_TWICE,
    PLAN_NOT_STARTED,                   /* after the intake: the other announced wait */
    PLAN_NO_SHOW_APPOINT,
    PLAN_COUNT
};

#endif
