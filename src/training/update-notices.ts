import type { UpdateSettings } from './update-settings';

/** A share of the first weights above this in the averaged ones is told. */
const tolerableShare = 0.05;

/** What a person should know of a run of so many steps, whose settings leave the saved weights near the first ones. */
export function updateNotices(
  { accumulateSteps, emaMomentum }: Pick<UpdateSettings, 'accumulateSteps' | 'emaMomentum'>,
  totalSteps: number,
): string[] {
  const updates = Math.floor(totalSteps / accumulateSteps);
  if (updates === 0)
    return [
      `No weight will change: gradients are accumulated over ${accumulateSteps} steps (accumulateSteps), but the run has ${totalSteps}.`,
    ];
  const share = emaMomentum ** updates;
  if (emaMomentum === 0 || share <= tolerableShare) return [];
  return [
    `After the ${updates} updates of this run the averaged weights will still be ${Math.round(share * 100)}% the random ones ` +
      'that it begins with: train for longer, or with a smaller emaMomentum.',
  ];
}
