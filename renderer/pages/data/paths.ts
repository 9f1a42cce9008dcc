/** A file of a folder as an absolute path, with the separator that the folder's path uses. */
export function joinPath(folder: string, file: string): string {
  const windows = /^[A-Za-z]:\\|^\\\\/.test(folder);
  const separator = windows ? '\\' : '/';
  return `${folder.replace(/[\\/]+$/, '')}${separator}${windows ? file.replace(/\//g, '\\') : file}`;
}
