import { useI18n } from 'vue-i18n';
import {
  type HyperparameterName,
  type HyperparameterValue,
  hyperparameterFields,
} from '../../../src/contract/hyperparameters';
import { formatExact } from '../../format/numbers';

const texts = new Set(hyperparameterFields.filter(({ type }) => type === 'text').map(({ name }) => name));

/** Names, choices, units and descriptions of hyper-parameters in the person's language. */
export function useSettingWords() {
  const { t, te } = useI18n();
  const name = (field: HyperparameterName) => t(`train.fields.${field}`);
  /** For the model: what the chosen one is. */
  const description = (field: HyperparameterName, given?: HyperparameterValue) =>
    field === 'model' && te(`train.models.${given}`, 'en')
      ? t(`train.models.${given}`)
      : t(`train.descriptions.${field}`);
  const unit = (symbol: string) => (te(`train.units.${symbol}`, 'en') ? t(`train.units.${symbol}`) : symbol);
  const choice = (field: HyperparameterName, value: string) => {
    const key = `train.choices.${field}.${value}`;
    return te(key, 'en') ? t(key) : value;
  };
  const value = (field: HyperparameterName, given: HyperparameterValue) => {
    if (typeof given === 'boolean') return given ? t('train.on') : t('train.off');
    if (typeof given === 'string' && texts.has(field)) return given || t('train.nothing');
    return typeof given === 'number' ? formatExact(given) : choice(field, given);
  };
  return { name, description, unit, choice, value };
}
