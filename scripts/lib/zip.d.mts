export interface ZipEntry {
  name: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}
export function listZip(path: string): ZipEntry[];
export function unpackEntry(path: string, entry: ZipEntry, target: string): Promise<void>;
export function unpackZip(
  path: string,
  directory: string,
  wanted?: (name: string) => boolean,
): Promise<string[]>;
