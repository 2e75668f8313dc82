/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What is printed while a tunnel runs must never wait for its reader: a pager that nobody scrolls, a paused terminal, a
 * program that forgot to read. Between open and close, stdout and stderr keep what cannot be written yet and write it
 * when the main loop finds room; what goes beyond a ceiling is lost, a whole piece at a time.
 */
void output_open (void);

/* The reader gets a moment for what is left; then it is lost. */
void output_close (void);
