/* SolidFade from C and whatever can call C: JSON in, JSON out.
 *
 * Each call takes one JSON object and sets *result to one JSON document (solidfade.result/1, the same as the command's
 * --json); free it with solidfade_free. The returned number is the command's exit code, 0 when all went well; errors are
 * in "errors" of the document. Calls block, may come from any thread, and never print. Link with -lSolidFadeC. */
#ifndef SOLIDFADE_H
#define SOLIDFADE_H
#ifdef __cplusplus
extern "C" {
#endif

/* Life and fade of cells. Keys, all but the cells optional:
 *   "dataset": path of a dataset folder or cells.csv, or PATH:ID          } one of
 *   "cells":   [{"cell_id": ..., COLUMN: VALUE, ...}, ...]                } the two
 *   "cycles":  [{"cell_id": ..., "cycle_count": ..., "capacity_retention": ...}, ...], what is measured of "cells"
 *   "family":  "sulfide_solid_state" (default) | "liquid" | "other"
 *   "model":   path of a model bundle; by default the shipped one beside the working folder
 *   "early":   age up to which rows are seen; or a text: day ("21d"), check-up ("2checkups") or "all" (default)
 *   "strict_domain" (false): answer with an error if any cell lies outside the training domain
 *   "allow_extrapolation" (false): forecast also cells that are refused for lying too far from training (code 5)
 *   "draws" (1000), "eol" (.8), "reference", "horizon", "seed" (1), "threads" (all)
 * Columns are those of `solidfade columns`. */
int solidfade_predict_json(const char *request, char **result);

/* The best designs of a space under manufacturing spread. Keys:
 *   "space": path of a TOML file, or "space_toml": its content
 *   "model":  path of a model bundle whose lives are searched; by default the physics alone
 *   "budget" (500), "eol" (.8), "horizon" (1000), "seed" (1), "threads" (all) */
int solidfade_optimize_json(const char *request, char **result);

/* Frees a result; NULL is allowed. */
void solidfade_free(char *result);

/* Version; not to be freed. */
const char *solidfade_version(void);

#ifdef __cplusplus
}
#endif
#endif
