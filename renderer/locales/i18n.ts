import { createI18n } from 'vue-i18n';
import { en } from './en';

/** The one catalogue. vue-i18n compiles messages to trees, without eval, so the strict CSP holds. */
export function createCatalogue(locale = 'en') {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en },
    warnHtmlMessage: false,
  });
}
