/* words.c: what a coordinator reads. Contract in words.h. */
#include "words.h"

#include <string.h>

const char *sch_words_awaited(unsigned expectation)
{
    static const char *const names[] = {
        "?",
        "ophalen van het bericht",
        "besluit over de aanmelding",
        "besluit van de crisisdienst",
        "kennisgeving afspraak",
        "nieuwe afspraak na niet verschijnen",
        "bericht na intake",
        "start behandeling",
        "bericht voortgang",
        "ontslagbrief",
        "oppakken door de praktijk",
        "aanvulling",
        "resultaat wijkteam",
        "advies verkennend gesprek",
        "consultatieantwoord",
        "bericht over zorg zonder verwijzing",
    };
    return expectation < sizeof names / sizeof names[0] ? names[expectation] : "?";
}

#define CODE(N, n, dutch) [n] = #N,
#define DUTCH(N, n, dutch) [n] = dutch,
static const char *const codes[SCH_SILENCE_COUNT] = { [0] = "?", SCH_SILENCE_LIST(CODE) };
static const char *const dutch_names[SCH_SILENCE_COUNT] = { [0] = "?", SCH_SILENCE_LIST(DUTCH) };

const char *sch_silence_code(enum sch_silence silence)
{
    return codes[silence];
}

const char *sch_silence_dutch(enum sch_silence silence)
{
    return dutch_names[silence];
}

/* What is lacking first while the receiver has not come further than this. */
static enum sch_silence first_lacking(enum sch_phase phase, bool collected, enum sch_silence otherwise)
{
    if (phase == SCH_PHASE_SENT)
        return collected ? SCH_SILENCE_NOT_DECIDED : SCH_SILENCE_NOT_COLLECTED;
    if (phase == SCH_PHASE_ACCEPTED)
        return SCH_SILENCE_NO_APPOINTMENT;
    return otherwise;
}

enum sch_silence sch_words_silence(const struct sch_unanswered_row *row, bool collected)
{
    if (row->standing == SCH_STANDING_INCOMPLETE)
        return SCH_SILENCE_INCOMPLETE;
    switch (row->expectation) {
    case 1: return SCH_SILENCE_NOT_COLLECTED;
    case 2:
    case 3: return collected ? SCH_SILENCE_NOT_DECIDED : SCH_SILENCE_NOT_COLLECTED;
    case 4:
    case 5: return first_lacking(row->phase, collected, SCH_SILENCE_NO_APPOINTMENT);
    case 6: return SCH_SILENCE_NO_INTAKE_REPORT;
    case 7: return first_lacking(row->phase, collected, SCH_SILENCE_NOT_STARTED);
    case 8: return SCH_SILENCE_NO_PROGRESS_LETTER;
    case 9: return SCH_SILENCE_NO_DISCHARGE_LETTER;
    case 10: return SCH_SILENCE_NOT_TAKEN_UP;
    default: return SCH_SILENCE_NONE;
    }
}

bool sch_words_collected(const struct sch_unanswered_row *rows, size_t count)
{
    /* The receiver's E1 of the referral itself opens at the very moment of the referral. */
    for (size_t i = 0; i < count; i++)
        if (rows[i].expectation == 1 && rows[i].opened_ms == rows[i].referred_ms &&
            strcmp(rows[i].debtor.text, rows[i].receiver.text) == 0)
            return false;
    return true;
}

const char *sch_words_term(const struct sch_unanswered_row *row, int64_t now_ms)
{
    int64_t term = row->due_ms - row->opened_ms;
    int64_t past = now_ms - row->opened_ms;
    if (past >= 2 * term)
        return "ver over norm";
    if (past >= term)
        return "over norm";
    if (row->due_ms > row->norm_due_ms)
        return row->norm_due_ms <= now_ms ? "over norm, aangekondigd" : "binnen norm, aangekondigd";
    return 4 * past >= 3 * term ? "nadert norm" : "binnen norm";
}
