import type { Report } from "./report.ts";

/**
 * Several reports as one. A report that fails (a full disk, say) must not stop the run nor keep the others from finishing: it hears
 * nothing more, and its error is thrown at the end.
 */
export function combineReports(reports: readonly Report[]): Report {
  const errors: unknown[] = [];
  const broken = new Set<Report>();
  return {
    listener: (event) => {
      for (const report of reports) {
        if (broken.has(report)) continue;
        try {
          report.listener(event);
        } catch (error) {
          broken.add(report);
          errors.push(error);
        }
      }
    },
    finish: async () => {
      for (const report of reports) {
        try {
          await report.finish();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
    suspend: () => {
      const resume = reports.map((report) => report.suspend?.());
      return () => {
        for (const one of resume) one?.();
      };
    },
  };
}
