// The package managers of the languages, each loaded when it is first needed.
import type { Language, LanguageName } from "../languages/language.ts";
import type { PackageManager, PackageManagerSettings } from "../languages/package-manager.ts";

/** Package managers by language. */
export class PackageManagers {
  readonly #languages: ReadonlyMap<LanguageName, Language>;
  readonly #settings: PackageManagerSettings;
  readonly #loaded = new Map<LanguageName, Promise<PackageManager | undefined>>();

  /** Loads nothing yet. */
  constructor(languages: readonly Language[], settings: PackageManagerSettings) {
    this.#languages = new Map(languages.map((language) => [language.name, language]));
    this.#settings = settings;
  }

  /** A language's package manager; undefined for a language that has none or is not known. */
  of(language: LanguageName): Promise<PackageManager | undefined> {
    const known = this.#loaded.get(language);
    if (known !== undefined) return known;
    const loading = Promise.resolve(this.#languages.get(language)?.packageManager?.(this.#settings));
    this.#loaded.set(language, loading);
    return loading;
  }

  /** Loads all of them, so that no run waits for that. */
  async preload(): Promise<void> {
    await Promise.all([...this.#languages.keys()].map((language) => this.of(language)));
  }
}
