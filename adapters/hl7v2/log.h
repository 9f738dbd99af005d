/*
 * log.h: one event per line on stderr, as text or JSON. Lines carry ids, codes and places, never content.
 */
#ifndef SCH_HL7V2_LOG_H
#define SCH_HL7V2_LOG_H

#include <stdbool.h>

/* side: "his" or "epd"; it stands in every line. */
void sch_hl7v2_log_open(bool json, const char *side);

/* level: 'd', 'i', 'w' or 'e'. code: the event's name, constant. Then a printf text. 'd' is dropped. */
void sch_hl7v2_log(char level, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
