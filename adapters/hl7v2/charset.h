/*
 * charset.h: the two character sets of Dutch HL7v2: 8859/1 and UTF-8.
 *
 * Inside the adapter all text is UTF-8. What comes in is UTF-8 when its bytes are valid UTF-8, whatever
 * MSH-18 says (systems that announce 8859/1 and write UTF-8 exist), and 8859/1 otherwise: a text of
 * 8859/1 with accents is practically never valid UTF-8. Pure; must not know: messages, sockets.
 */
#ifndef SCH_HL7V2_CHARSET_H
#define SCH_HL7V2_CHARSET_H

#include <scharnier/types.h>

/* Bytes that sch_charset_to_utf8() writes at most. */
size_t sch_charset_utf8_size(struct sch_bytes text);

/* Writes text as UTF-8 into out (room for sch_charset_utf8_size()); returns the bytes written. */
size_t sch_charset_to_utf8(struct sch_bytes text, uint8_t *out);

/* Writes UTF-8 text as 8859/1 into out (room for text.len; may be text's own bytes); what 8859/1 lacks
 * becomes "?". Returns the bytes written. */
size_t sch_charset_to_latin1(struct sch_bytes text, uint8_t *out);

#endif
