import { CodedError } from '../primitives/errors.ts';

export type AlgorithmErrorCode =
  | 'ALGORITHM_UNKNOWN'
  | 'ALGORITHM_MISSING'
  | 'ALGORITHM_WRONG'
  | 'ALGORITHM_PARAMS';

/** Why an algorithm cannot be used. Waiting does not mend any of these. */
export class AlgorithmError extends CodedError {
  constructor(code: AlgorithmErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
