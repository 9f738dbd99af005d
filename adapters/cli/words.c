/* words.c: what a coordinator reads. Contract in words.h. */
#include "words.h"

#include <stdio.h>

#include "core/calendar.h"
#include "names.h"
#include "output.h"

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

const char *sch_words_term(const struct sch_unanswered_row *row, int64_t now_ms,
                           char text[SCH_WORDS_TERM_SIZE])
{
    static const char *const shapes[] = { "–", "●", "◐", "▲", "■" };
    char norm[SCH_TIME_SIZE];
    char due[SCH_TIME_SIZE];
    char until[SCH_TIME_SIZE];
    int32_t today = sch_day_of_ms(now_ms);
    bool known = (unsigned)row->term_state < sizeof shapes / sizeof shapes[0];
    bool announced = row->due_ms > row->norm_due_ms;
    bool snoozed = row->snoozed_ms > now_ms;
    snprintf(text, SCH_WORDS_TERM_SIZE, "%s %s (%s%s%s)%s%s", shapes[known ? row->term_state : 0],
             known && row->term_state != 0 ? sch_code_dutch(SCH_SET_TERM, row->term_state) : "geen norm",
             sch_time_dutch_day(sch_day_of_ms(row->norm_due_ms - 1), today, norm),
             announced ? ", aangekondigd " : "",
             announced ? sch_time_dutch_day(sch_day_of_ms(row->due_ms - 1), today, due) : "",
             snoozed ? ", uitgesteld t/m " : "",
             snoozed ? sch_time_dutch_day(sch_day_of_ms(row->snoozed_ms - 1), today, until) : "");
    return text;
}
