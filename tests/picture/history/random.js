// Random numbers that are the same in every run: a picture changes where the dashboard or the simulation does, only.

/** A generator of its own for each name, so that what one part draws changes nothing in another. */
export class Random {
    #state;

    constructor(name) {
        // FNV-1a of the name.
        this.#state = 0x811c9dc5;
        for (const character of name) {
            this.#state = Math.imul(this.#state ^ character.codePointAt(0), 0x01000193) >>> 0;
        }
        for (let i = 0; i < 8; i++) this.unit();
    }

    /** From 0 to 1, without 1: a Weyl sequence whose steps are mixed. */
    unit() {
        this.#state = (this.#state + 0x9e3779b9) >>> 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x85ebca6b);
        mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
        return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
    }

    between(low, high) {
        return low + (high - low) * this.unit();
    }

    chance(probability) {
        return this.unit() < probability;
    }

    pick(list) {
        return list[Math.floor(this.unit() * list.length)];
    }

    /** Log-normal: what takes long, takes very long now and then. */
    around(median, spread) {
        const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
        return median * Math.exp(spread * normal);
    }
}
