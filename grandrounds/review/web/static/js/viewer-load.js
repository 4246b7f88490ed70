// Large media in pieces: progress as they come, a piece that fails is asked for again, and nothing goes on
// when the reader has.

const PIECE = 4 << 20;
const TRIES = 4;

export async function loadPieces(address, { size, signal, progress = () => {} }) {
  const whole = new Uint8Array(size);
  for (let start = 0; start < size; start += PIECE) {
    const end = Math.min(start + PIECE, size);
    await piece(address, { start, end, signal, into: whole, progress });
    progress(end);
  }
  return whole.buffer;
}

async function piece(address, { start, end, signal, into, progress }) {
  for (let tried = 1; ; tried += 1) {
    try {
      const answer = await fetch(address, { headers: { Range: `bytes=${start}-${end - 1}` }, signal });
      if (answer.status !== 206 && !(answer.status === 200 && start === 0 && end === into.length)) {
        throw new Error(`status ${answer.status}`);
      }
      let place = start;
      for (const reader = answer.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        if (place + value.length > end) throw new Error("more bytes than asked for");
        into.set(value, place);
        place += value.length;
        progress(place);
      }
      if (place === end) return;
      throw new Error("fewer bytes than asked for");
    } catch (error) {
      if (signal?.aborted || tried === TRIES || /status 4/.test(error.message)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** tried));
    }
  }
}
