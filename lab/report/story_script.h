/*
 * story_script.h - what the touch tables cannot tell of a script: they have its interpreter's code.
 */
#ifndef OOMLAB_REPORT_STORY_SCRIPT_H
#define OOMLAB_REPORT_STORY_SCRIPT_H

#include "doc/doc.h"
#include "report/touches.h"

/*
 * Where the largest line and more than half of all are an interpreter's own code, says that no line
 * of the script is seen, and what else tells one. False: nothing was said.
 */
bool story_script(const struct touches *touches, struct doc *doc);

#endif
