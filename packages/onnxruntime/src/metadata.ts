/** What a model file says about itself. Texts it does not have are empty. */
export interface ModelMetadata {
  /** The program that wrote it, for example `pytorch`. */
  readonly producer: string;
  readonly graphName: string;
  readonly domain: string;
  readonly description: string;
  readonly graphDescription: string;
  /** A bigint where a number would not be exact. */
  readonly version: number | bigint;
  /** `metadata_props` of the file. Has no prototype, so that any key is safe. */
  readonly properties: Readonly<Record<string, string>>;
}
