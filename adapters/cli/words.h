/*
 * words.h: Dutch words for coordinators: what is awaited, how late, which silence. DOMAIN, "The silences".
 *
 * Must not know: printing, the library's handles. Everything here is a value of its arguments.
 */
#ifndef SCH_CLI_WORDS_H
#define SCH_CLI_WORDS_H

#include <scharnier/query.h>

/* What closes E<number>: "bericht na intake". "?" outside 1..15. Constant. */
const char *sch_words_awaited(unsigned expectation);

/* X(NAME, "code", "Dutch"): the silences that a coordinator tells apart. */
#define SCH_SILENCE_LIST(X) \
    X(NOT_COLLECTED, "not_collected", "niet opgehaald") \
    X(NOT_DECIDED, "not_decided", "opgehaald, niet beslist") \
    X(NO_APPOINTMENT, "no_appointment", "beslist, geen afspraak") \
    X(NO_INTAKE_REPORT, "no_intake_report", "intake (verondersteld), geen bericht") \
    X(NOT_STARTED, "not_started", "start behandeling niet bekend") \
    X(NO_PROGRESS, "no_progress", "in behandeling, geen voortgangsbericht") \
    X(NO_DISCHARGE_LETTER, "no_discharge_letter", "behandeling beëindigd, geen brief") \
    X(INCOMPLETE, "incomplete", "brief onvolledig") \
    X(NOT_TAKEN_UP, "not_taken_up", "afgewezen of terug, niet opgepakt") \
    X(OTHER, "other", "anders")

#define SCH_X_SILENCE(N, code, dutch) SCH_SILENCE_##N,
enum sch_silence { SCH_SILENCE_LIST(SCH_X_SILENCE) SCH_SILENCE_COUNT };

/*
 * Which silence an open promise is. A promise that cannot be kept before an earlier one counts as the earlier
 * one: a referral that nobody decided on lacks a decision, not also an appointment and a start; and one that
 * was never collected is not "collected, not decided".
 */
enum sch_silence sch_words_silence(const struct sch_unanswered_row *row, bool collected);
/* Was the referral collected, as far as the open promises of its dossier show? */
bool sch_words_collected(const struct sch_unanswered_row *rows, size_t count);
const char *sch_silence_code(enum sch_silence silence);
const char *sch_silence_dutch(enum sch_silence silence);

/* "binnen norm", "nadert norm" (from three quarters of the term), "over norm", "ver over norm" (twice the
 * term); with an announced wait "over norm, aangekondigd" once the norm itself has passed. */
const char *sch_words_term(const struct sch_unanswered_row *row, int64_t now_ms);

#endif
