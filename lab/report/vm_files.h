/*
 * vm_files.h - files that were memory of the VM, as its samples measured them; pure.
 *
 * Internal to lab/report. They are charged to the cgroup of who writes them, as shmem.
 */
#ifndef OOMLAB_REPORT_VM_FILES_H
#define OOMLAB_REPORT_VM_FILES_H

#include "doc/doc.h"
#include "report/facts.h"

/*
 * Where one folder's files explain the shared memory of the budget, they give that item its name.
 * f->kill_ns is known where there is a kill.
 */
void vm_files_name(const struct facts *f, struct budget *b);

/* What they held at the moment of the budget, a sentence a place. */
void vm_files_say(const struct facts *f, const struct budget *b, struct doc *doc);

#endif
