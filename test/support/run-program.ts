import { execFile } from 'node:child_process';

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** In ms; after that the program is killed. */
  readonly deadline: number;
}

/** Resolves when the program has exited by itself with code 0; else rejects with all that it wrote. */
export function runProgram(
  file: string,
  args: readonly string[],
  { cwd, deadline }: ProgramOptions,
): Promise<ProgramOutput> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: deadline, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      const end = error.killed ? `was killed after ${deadline} ms` : `failed (${error.code ?? error.signal})`;
      reject(new Error(`${[file, ...args].join(' ')} ${end}\n${stdout}\n${stderr}`, { cause: error }));
    });
  });
}
