// Writes a file that may be too large for the memory.

/** Where the parts of a file go. */
export interface FileSink {
  write(text: string): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** Nothing shall be left of it. */
  abort(): Promise<void>;
}

interface Picker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{ createWritable: () => Promise<FileSystemWritableFileStream> }>;
}

/**
 * Opens a file that the user chooses, where the browser lets pages write into files as they go; elsewhere the parts are kept by the
 * browser, which may put them on disk, until the file is whole and is downloaded. Gives undefined when the user chooses none.
 */
export async function openFile(name: string): Promise<FileSink | undefined> {
  const { showSaveFilePicker: pick } = window as Picker;
  if (pick === undefined) {
    return downloadLater(name);
  }
  try {
    const stream = await (await pick.call(window, { suggestedName: name })).createWritable();
    return { write: text => stream.write(text), close: () => stream.close(), abort: () => stream.abort() };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return undefined;
    }
    throw error;
  }
}

const blobCharacters = 4 << 20; // that become one blob

function downloadLater(name: string): FileSink {
  const blobs: Blob[] = [];
  let texts: string[] = [], length = 0;
  const gather = () => {
    blobs.push(new Blob(texts));
    texts = [];
    length = 0;
  };
  return {
    async write(text) {
      texts.push(text);
      length += text.length;
      if (length >= blobCharacters) {
        gather();
      }
    },
    async close() {
      gather();
      download(new Blob(blobs, { type: 'application/x-ndjson' }), name);
    },
    async abort() { blobs.length = texts.length = 0; },
  };
}

/** Has the browser save something as a file. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has begun to read it
}
