/* Which calls were denied on the way to executable memory, and what trampolines there are at last. */
void note_denied(long number, const char *call, const char *what, int error);
void use_method(const char *name);
/* A line for a reader. */
void tell_denied(void);
/* { number, -errno } each, as every guest of the bench tells them. */
void tell_refusals(void);
