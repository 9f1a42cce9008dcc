import { useI18n } from 'vue-i18n';
import { toErrorMessage } from '../../../src/contract/errors';
import { useNoticesStore } from '../../stores/notices';
import { useRunsStore } from '../../stores/runs';
import './run-menu.css';

/** Renaming, archiving and deleting, with words and an undo where there is one. */
export function useRunChanges() {
  const { t } = useI18n();
  const runs = useRunsStore();
  const notices = useNoticesStore();

  /** Tells a failure instead of losing it; false when it failed. */
  async function guard(what: () => Promise<unknown>): Promise<boolean> {
    try {
      await what();
      return true;
    } catch (failure) {
      const error = toErrorMessage(failure);
      notices.tell([error.message, error.remedy].filter(Boolean).join(' '), { tone: 'fail' });
      return false;
    }
  }

  async function rename(run: string, before: string, name: string): Promise<void> {
    if (name === before) return;
    await runs.update({ run, name });
    notices.tell(t('runs.actions.renamed', { name }), {
      action: {
        label: t('common.actions.undo'),
        run: () => void guard(() => runs.update({ run, name: before })),
      },
    });
  }

  async function archive(ids: readonly string[], archived: boolean): Promise<void> {
    for (const run of ids) await runs.update({ run, archived });
    notices.tell(
      t(archived ? 'runs.actions.archived' : 'runs.actions.unarchived', { count: ids.length }, ids.length),
      {
        action: {
          label: t('common.actions.undo'),
          run: () =>
            void guard(async () => {
              for (const run of ids) await runs.update({ run, archived: !archived });
            }),
        },
      },
    );
  }

  async function remove(ids: readonly string[]): Promise<boolean> {
    const done = await guard(async () => {
      for (const run of ids) await runs.remove(run);
    });
    if (done) notices.tell(t('runs.actions.deleted', { count: ids.length }, ids.length));
    return done;
  }

  return { guard, rename, archive, remove };
}
